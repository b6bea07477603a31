import { z } from 'zod';

/** administrator > operator > viewer: each may do what the next may. */
export const roleSchema = z.enum(['administrator', 'operator', 'viewer']);
export type Role = z.infer<typeof roleSchema>;

/** What an account may see (P04). A filter on every read, event stream and incident. */
export const scopeSchema = z.strictObject({ hosts: z.boolean(), containers: z.boolean() });
export type Scope = z.infer<typeof scopeSchema>;

export const preferencesSchema = z.strictObject({
  theme: z.enum(['auto', 'light', 'dark']).default('auto'),
  language: z.enum(['auto', 'en', 'es']).default('auto'),
  timeZone: z.string().max(64).default('auto'),
});
export type Preferences = z.infer<typeof preferencesSchema>;

export const emailSchema = z
  .email()
  .max(254)
  .transform((text) => text.toLowerCase());
export const passwordSchema = z.string().min(10, 'at least 10 characters').max(256);

export const accountSchema = z.object({
  id: z.number(),
  name: z.string(),
  email: z.string(),
  role: roleSchema,
  scope: scopeSchema,
  disabled: z.boolean(),
  createdMs: z.number(),
  preferences: preferencesSchema,
});
export type Account = z.infer<typeof accountSchema>;

export const accountInputSchema = z.strictObject({
  name: z.string().trim().min(1).max(64),
  email: emailSchema,
  role: roleSchema,
  scope: scopeSchema,
  disabled: z.boolean().default(false),
  /** Required when the account is made; when it is changed, only a new password is sent. */
  password: passwordSchema.optional(),
});
export type AccountInput = z.infer<typeof accountInputSchema>;

export const apiTokenSchema = z.object({
  id: z.number(),
  name: z.string(),
  role: roleSchema,
  scope: scopeSchema,
  createdMs: z.number(),
  expiresMs: z.number().nullable(),
  lastUsedMs: z.number().nullable(),
});
export type ApiToken = z.infer<typeof apiTokenSchema>;

export const auditSchema = z.object({
  id: z.number(),
  tsMs: z.number(),
  who: z.string(),
  address: z.string(),
  action: z.string(),
  subject: z.string(),
  detail: z.string(),
});
export type Audit = z.infer<typeof auditSchema>;
