import type { Logger } from 'pino';

/** Structured logging: data first, then a sentence. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
