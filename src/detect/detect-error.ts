/** What can be wrong with a saved model. */
export type DetectErrorReason = 'truncated' | 'not-a-model' | 'newer-version' | 'checksum' | 'hostile';

/** A saved model that cannot be used. The message names the thing and the number; the caller knows whose model it was. */
export class DetectError extends Error {
  readonly reason: DetectErrorReason;

  constructor(reason: DetectErrorReason, message: string) {
    super(message);
    this.name = 'DetectError';
    this.reason = reason;
  }
}
