import { startHttp } from './http.ts';
import { received, type StandIn } from './received.ts';

export interface DiscordMessage {
  readonly path: string;
  readonly content: string;
  readonly title: string;
  readonly description: string;
  readonly color: number;
}

/** A stand-in of a Discord webhook, with Discord's limits of an embed. */
export async function startDiscord(): Promise<StandIn<DiscordMessage> & { readonly webhookUrl: string }> {
  const messages = received<DiscordMessage>('Discord');
  const statuses: number[] = [];
  const http = await startHttp((request, response, body) => {
    const status = statuses.shift() ?? 204;
    if (status !== 204) return response.writeHead(status).end('{"message":"scripted","retry_after":0.1}');
    const sent = JSON.parse(body) as { content?: string; embeds?: { title: string; description: string; color: number }[] };
    const [embed] = sent.embeds ?? [];
    if (embed === undefined || [...embed.title].length > 256 || [...embed.description].length > 4096) {
      return response.writeHead(400).end('{"message":"Invalid Form Body"}');
    }
    messages.add({ path: request.url ?? '', content: sent.content ?? '', ...embed });
    return response.writeHead(204).end();
  });
  const webhookUrl = `${http.url}/api/webhooks/1/token`;
  return { webhookUrl, port: http.port, statuses, received: messages.list, waitFor: messages.waitFor, stop: http.stop };
}
