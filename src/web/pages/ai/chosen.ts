import type { AiState } from '../../../model/api.ts';

export type AiProfile = AiState['profiles'][number];
export type AiEntity = AiProfile['entities'][number];

/** What every part of the page works on. */
export interface Chosen {
  readonly profile: AiProfile;
  readonly entity: AiEntity;
  readonly hours: number;
}
