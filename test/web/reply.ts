export interface Reply {
  readonly status?: number;
  readonly body?: unknown;
  readonly type?: string;
}

export const notFound = (thing: string, id: string): Reply => ({
  status: 404,
  body: { code: 'not-found', message: `There is no ${thing} "${id}".` },
});
