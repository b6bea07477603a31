import type { Problem } from '../../model/api.ts';

/** A refused or failed request. `code` is one of the table of errors, or `offline` when nothing answered. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly field: string | undefined;

  constructor(status: number, problem: Problem) {
    super(problem.message);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code;
    this.field = problem.field;
  }
}

type Query = Readonly<Record<string, string | number | null | undefined>>;

/** The address of an API path under the page's base path; absent parameters are left out. */
export function apiUrl(path: string, query: Query = {}): string {
  const url = new URL(`api/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value));
  }
  return url.href;
}

/** One path segment made of text that came from elsewhere. */
export const segment = (text: string | number): string => encodeURIComponent(String(text));

export function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return request<T>('GET', apiUrl(path, query), undefined, signal);
}

export function send<T = void>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  return request<T>(method, apiUrl(path), body);
}

declare global {
  interface Window {
    /** Answers that public/early.js asked for, by address; null where nobody is signed in. */
    readonly vigiaEarly?: Map<string, Promise<Response | null>>;
  }
}

/** The answer that is already on its way, once: whoever asks later wants a new one. */
async function early(method: string, url: string): Promise<Response | null> {
  const answer = method === 'GET' ? window.vigiaEarly?.get(url) : undefined;
  window.vigiaEarly?.delete(url);
  return (await answer?.catch(() => null)) ?? null;
}

async function request<T>(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response =
      (await early(method, url)) ??
      (await fetch(url, {
        method,
        credentials: 'same-origin',
        headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      }));
  } catch (thrown) {
    if (signal?.aborted) throw thrown;
    throw new ApiError(0, { code: 'offline', message: 'Vigía does not answer.' });
  }
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, problemOf(text, response.status));
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** What a refused request said; a proxy in between may have answered with something that is not JSON. */
function problemOf(text: string, status: number): Problem {
  try {
    const parsed = JSON.parse(text) as Partial<Problem>;
    if (typeof parsed.code === 'string' && typeof parsed.message === 'string') return parsed as Problem;
  } catch {
    // Not JSON: the status is all there is to say.
  }
  return { code: 'status', message: `HTTP ${status}` };
}
