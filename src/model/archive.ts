import { z } from 'zod';
import { durationMs } from './time.ts';

const text = String.raw`(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')`;
const matcher = String.raw`\s*[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*${text}\s*`;
const selectorPattern = new RegExp(String.raw`^(?=.)(?:[a-zA-Z_:][\w:]*)?(?:\{(?:${matcher}(?:,${matcher})*,?)?\s*\})?$`);

/** A PromQL series selector and nothing more: a metric, matchers in braces, or both. */
export const selectorSchema = z
  .string()
  .trim()
  .regex(selectorPattern, 'a series selector such as node_load1 or {job="linux-host",__name__=~"node_.+"}');

const httpUrl = z.url({ protocol: /^https?$/ });

/** Every sample, or the last one of each minute or hour. */
const everySchema = z.enum(['raw', '1m', '1h']);

const archiveRuleSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'lower-case letters, digits and "-"'),
  match: selectorSchema,
  every: everySchema.default('raw'),
  /** Absent keeps for ever. */
  keep: durationMs('1h', '36500d').optional(),
  database: z.string().min(1).max(200).optional(),
});
export type ArchiveRule = z.infer<typeof archiveRuleSchema>;

export const archiveSchema = z
  .strictObject({
    url: httpUrl.describe('Base URL of an InfluxDB.'),
    version: z.literal([1, 2, 3]).describe('Its generation: 1, 2 or 3.'),
    database: z.string().min(1).max(200).default('vigia').describe('Database (1.x, 3.x) or bucket (2.x). It is made where it is missing.'),
    org: z.string().optional().describe('Organization, 2.x only.'),
    token: z.string().optional().describe('API token, 2.x and 3.x. Secret.'),
    username: z.string().optional().describe('User, 1.x.'),
    password: z.string().optional().describe('Password, 1.x. Secret.'),
    rules: z
      .array(archiveRuleSchema)
      .min(1)
      .max(50)
      .describe(
        'What is kept: `name`, `match` (a series selector), `every` (`raw`, `1m` or `1h`, default `raw`), `keep` (default for ever), `database` (default: the one above).',
      ),
  })
  .check(({ value, issues }) => {
    const complain = (path: PropertyKey[], message: string) => issues.push({ code: 'custom', path, message, input: value });
    if (value.version === 2 && value.org === undefined) complain(['org'], 'InfluxDB 2.x needs an organization');
    const resolutions = new Map<string, string>();
    for (const [at, rule] of value.rules.entries()) {
      if (value.rules.findIndex((other) => other.name === rule.name) < at)
        complain(['rules', at, 'name'], `there are two rules "${rule.name}"`);
      if (value.version === 1) continue;
      const database = rule.database ?? value.database;
      const other = resolutions.get(database) ?? rule.every;
      resolutions.set(database, other);
      if (other !== rule.every) {
        complain(
          ['rules', at, 'database'],
          `"${database}" would hold points of ${other} and of ${rule.every} in the same series; InfluxDB ${value.version}.x needs a database for each`,
        );
      }
    }
  });
export type ArchiveConfig = z.infer<typeof archiveSchema>;

/** How far one rule is. Counts are since it began. */
const archiveRuleStateSchema = z.object({
  name: z.string(),
  match: z.string(),
  every: everySchema,
  keepMs: z.number().nullable(),
  beganMs: z.number().nullable(),
  /** Everything until here is in the archive. */
  untilMs: z.number().nullable(),
  lagMs: z.number().nullable(),
  points: z.number(),
  /** Points that InfluxDB refuses for good. */
  refused: z.number(),
  refusal: z.string(),
  /** NaN and infinities, which InfluxDB cannot hold. */
  notFinite: z.number(),
  /** Of those, infinities. */
  infinite: z.number(),
  /** Series that ended, of a rule that keeps every sample: their stale markers are no points. */
  stale: z.number().nullable(),
  /** Why the last try failed; empty when it did not. */
  error: z.string(),
});
export type ArchiveRuleState = z.infer<typeof archiveRuleStateSchema>;

export const archiveStateSchema = z.object({ configured: z.boolean(), url: z.string(), rules: z.array(archiveRuleStateSchema) });
export type ArchiveState = z.infer<typeof archiveStateSchema>;
