import type { Profile } from '../../model/profile.ts';
import { constant } from '../promql.ts';
import type { RuleInput } from './rule-spec.ts';

/** A recording rule: a series under a name of its own, or under that of another with more labels. */
export interface RecordingSpec {
  readonly record: string;
  readonly expr: string;
}

/** What is known of a container by its id: a series for each with its names as labels; its value is when that was last heard, Unix seconds. */
const NAMES = 'vigia:container_names';
/** The control group of a container, as Docker, containerd, CRI-O and Podman call it: it ends with the id, in a systemd scope or not. */
const GROUP = constant('.*[/-]([0-9a-f]{64})([.]scope)?');
const ID = 'container_id';
const GIVEN = 'name, image, application, replica';
/** A container that nobody knows is called by the start of its id, as `docker ps` does, once it has been there so long: its name may come yet. */
const PATIENCE = '2m';
/** So long Prometheus may be away itself before it has to hear the names again. */
const MEMORY = '10m';

/**
 * Containers by their names where cAdvisor has only the ids of control groups, as without access to the engine: its series are
 * recorded anew under their own names, with the container names that the engine's or the cluster's own answers give to those ids. So rules,
 * models and charts find them like all others. None without a cAdvisor: an engine that Vigía itself asks names all of its containers.
 */
export function containerNameRules({ profiles, targets }: RuleInput): RecordingSpec[] {
  const profile = profiles.find(({ slug }) => slug === 'container');
  if (profile === undefined || !targets.some((each) => each.enabled && each.profile === profile.slug && each.managedBy !== 'docker'))
    return [];
  const unnamed = (metric: string, offset = ''): string => {
    // conmon watches over a container of CRI-O or Podman, under the same id.
    const matchers = `${profile.selector},name="",id=~${GROUP},id!~".*conmon-.*"`;
    return `label_replace(${metric}{${matchers}}${offset}, "${ID}", "$1", "id", ${GROUP})`;
  };
  const there = 'container_start_time_seconds';
  const records = metricsOf(profile).map((record) => {
    const found = unnamed(record);
    const named = `${found} * on (${ID}) group_left (${GIVEN}) (${NAMES} > bool 0)`;
    const nobodys = `((${found} unless on (${ID}) ${NAMES}) and on (${ID}) ${unnamed(there, ` offset ${PATIENCE}`)})`;
    return { record, expr: `${named} or label_replace(${nobodys}, "name", "$1", "${ID}", "(.{12}).*")` };
  });
  return [{ record: NAMES, expr: names(profile, unnamed(there)) }, ...records];
}

/**
 * The cluster's word comes before the engine's, which calls a pod's container by a longer name; and what was known before counts for
 * containers that are still there, so that names outlive those who said them. One series for each id, or no join would do.
 */
function names({ selector }: Profile, there: string): string {
  const bare = `label_replace(kube_pod_container_info{${ID}=~".+://[0-9a-f]{64}"}, "${ID}", "$1", "${ID}", ".+://(.+)")`;
  const cluster = `label_join(time() * ${bare}, "name", "/", "namespace", "pod", "container")`;
  const engine = `label_replace(container_last_seen{${selector},name!="",id=~${GROUP}}, "${ID}", "$1", "id", ${GROUP})`;
  const before = `(last_over_time(${NAMES}[${MEMORY}]) and on (${ID}) ${there})`;
  const known = [cluster, engine, before].map((vector) => `topk by (${ID}) (1, ${vector})`).join(` or on (${ID}) `);
  return `max by (${ID}, ${GIVEN}) (${known})`;
}

/** What cAdvisor says and the profile or a rule asks for. */
function metricsOf({ presence, features }: Profile): string[] {
  const asked = [presence, ...features.map(({ expr }) => expr)].flatMap((expr) => expr.match(/\bcontainer_[a-z0-9_]+/g) ?? []);
  return [...new Set([...asked, 'container_spec_cpu_period', 'container_spec_cpu_quota'])].sort();
}
