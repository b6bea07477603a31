import { createHash } from 'node:crypto';
import type { Detector } from '../detect/index.ts';
import { reasonOf, sentence, VigiaError } from '../model/errors.ts';
import type { Profile } from '../model/profile.ts';
import type { ModelInfo } from '../model/score.ts';
import type { Store } from '../store/contract.ts';
import type { Detectors } from './detectors.ts';
import type { Log } from './log.ts';
import { sortedFeatures } from './reader.ts';

export interface KeptModel {
  readonly info: ModelInfo;
  readonly detector: Detector;
}

/** Models as they come from the store: with the right checksum, sound, and of the profile as it is now. */
export interface KeptModels {
  /** Null where there is none that fits; a damaged one is set aside. */
  active(profile: Profile, entity: string): Promise<KeptModel | null>;
  /** @throws VigiaError `not-found`, `model-corrupt`, `model-unfit`. */
  version(profile: Profile, entity: string, version: number): Promise<KeptModel>;
}

export function createKeptModels(options: {
  store: Pick<Store, 'models'>;
  detectors: Detectors;
  log: Log;
  onChange: (profile: string, entity: string) => void;
}): KeptModels {
  const { store, detectors, log } = options;

  /** @throws Error with the reason why the buffer is no model. */
  const detectorOf = (saved: { info: ModelInfo; buffer: Uint8Array }): Detector => {
    const found = createHash('sha256').update(saved.buffer).digest('hex');
    if (found !== saved.info.sha256)
      throw new Error(`its checksum is ${found.slice(0, 12)}…, ${saved.info.sha256.slice(0, 12)}… was stored`);
    return detectors.load(saved.buffer);
  };
  const fits = (profile: Profile, { info, detector }: KeptModel): boolean =>
    info.profileVersion === profile.version &&
    detector.features.map((each) => each.name).join() ===
      sortedFeatures(profile)
        .map((each) => each.name)
        .join();
  const setAside = async (profile: Profile, entity: string, info: ModelInfo, reason: string): Promise<void> => {
    await store.models.markCorrupt(info.id, reason);
    log.warn({ profile: profile.slug, entity }, sentence('model-corrupt', { entity, profile: profile.slug, reason }));
    options.onChange(profile.slug, entity);
  };

  return {
    async active(profile, entity) {
      const saved = await store.models.active(profile.slug, entity);
      if (saved === null || saved.info.profileVersion !== profile.version) return null;
      try {
        const model = { info: saved.info, detector: detectorOf(saved) };
        return fits(profile, model) ? model : null;
      } catch (thrown) {
        await setAside(profile, entity, saved.info, reasonOf(thrown));
        return null;
      }
    },
    async version(profile, entity, version) {
      const saved = await store.models.version(profile.slug, entity, version);
      if (saved === null) throw new VigiaError('not-found', { thing: `model of ${entity} with version`, id: version });
      let model: KeptModel;
      try {
        model = { info: saved.info, detector: detectorOf(saved) };
      } catch (thrown) {
        const reason = reasonOf(thrown);
        if (saved.info.state === 'retired') await setAside(profile, entity, saved.info, reason);
        throw new VigiaError('model-corrupt', { entity, profile: profile.slug, reason });
      }
      if (!fits(profile, model)) throw new VigiaError('model-unfit', { version, entity, profile: profile.slug });
      return model;
    },
  };
}
