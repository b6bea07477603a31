import { startHttp } from './http.ts';
import { received, type StandIn } from './received.ts';

export interface TelegramMessage {
  /** The token of the bot's URL. */
  readonly token: string;
  readonly chatId: string;
  readonly parseMode: string;
  readonly text: string;
}

/** A stand-in of api.telegram.org: takes `sendMessage`, and refuses what Telegram refuses. */
export async function startTelegram(): Promise<StandIn<TelegramMessage> & { readonly url: string }> {
  const messages = received<TelegramMessage>('Telegram');
  const statuses: number[] = [];
  const http = await startHttp((request, response, body) => {
    const answer = (status: number, json: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    };
    const refuse = (status: number, description: string): void =>
      answer(status, { ok: false, error_code: status, description, ...(status === 429 ? { parameters: { retry_after: 1 } } : {}) });
    const [, token, method] = /^\/bot([^/]+)\/(\w+)$/.exec(request.url ?? '') ?? [];
    if (token === undefined || method !== 'sendMessage') return refuse(404, 'Not Found');
    const status = statuses.shift() ?? 200;
    if (status !== 200) return refuse(status, status === 429 ? 'Too Many Requests: retry after 1' : 'scripted');
    const sent = JSON.parse(body) as { chat_id: string; parse_mode?: string; text: string };
    if ([...visible(sent.text)].length > 4096) return refuse(400, 'Bad Request: message is too long');
    if (sent.parse_mode === 'HTML' && !isTelegramHtml(sent.text)) return refuse(400, "Bad Request: can't parse entities");
    messages.add({ token, chatId: String(sent.chat_id), parseMode: sent.parse_mode ?? '', text: sent.text });
    answer(200, {
      ok: true,
      result: { message_id: messages.list.length, date: 0, chat: { id: Number(sent.chat_id), type: 'group' }, text: sent.text },
    });
  });
  return { url: http.url, port: http.port, statuses, received: messages.list, waitFor: messages.waitFor, stop: http.stop };
}

const visible = (html: string): string => html.replace(/<[^>]*>/g, '').replace(/&(lt|gt|amp|quot|#\d+);/g, '?');

/** Whether all tags are Telegram's and closed in order, and every `&` and `<` is escaped. */
export function isTelegramHtml(html: string): boolean {
  const stack: string[] = [];
  const rest = html.replace(/<(\/?)(b|i|u|s|code|pre|a)((?: href="[^"<>]*")?)>/g, (_, close: string, tag: string) => {
    if (close === '') stack.push(tag);
    else if (stack.pop() !== tag) stack.push('unbalanced');
    return '';
  });
  return stack.length === 0 && !/[<>]|&(?!(lt|gt|amp|quot|#\d+);)/.test(rest);
}
