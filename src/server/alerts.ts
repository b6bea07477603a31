import { z } from 'zod';
import type { AlertmanagerAlert } from '../clients/alertmanager.ts';
import { type Alert, severitySchema } from '../model/incident.ts';

/** The body that Alertmanager 0.25 posts to a webhook: version "4". Unknown fields are ignored, as it may grow. */
export const webhookSchema = z.object({
  version: z.literal('4'),
  status: z.string(),
  truncatedAlerts: z.number().optional(),
  alerts: z
    .array(
      z.object({
        status: z.enum(['firing', 'resolved']),
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()).default({}),
        startsAt: z.iso.datetime({ offset: true }),
        endsAt: z.iso.datetime({ offset: true }),
        fingerprint: z.string(),
      }),
    )
    .max(100_000),
});
export type Webhook = z.infer<typeof webhookSchema>;

type Named = Pick<Alert, 'fingerprint' | 'labels' | 'annotations' | 'startsMs'>;

/** Field by field: what Alertmanager says besides is no part of an alert, and the store has no place for it. */
const alertOf = ({ fingerprint, labels, annotations, startsMs }: Named, endsMs: number | null, silenced: boolean): Alert => ({
  fingerprint,
  labels,
  annotations,
  startsMs,
  name: labels['alertname'] ?? '',
  severity: severitySchema.catch('warning').parse(labels['severity']),
  entity: labels['entity'] ?? '',
  profile: labels['profile'] ?? '',
  endsMs,
  state: endsMs === null ? 'firing' : 'resolved',
  silenced,
});

export function alertsOfWebhook(body: Webhook): Alert[] {
  return body.alerts.map((alert) =>
    alertOf(
      { fingerprint: alert.fingerprint, labels: alert.labels, annotations: alert.annotations, startsMs: Date.parse(alert.startsAt) },
      alert.status === 'resolved' ? Date.parse(alert.endsAt) : null,
      // A silenced alert sends no webhook.
      false,
    ),
  );
}

/** An alert that Alertmanager still holds; one that ended moments ago has its end in the past. */
export function alertOfAlertmanager(alert: AlertmanagerAlert, nowMs: number): Alert {
  return alertOf(alert, alert.endsMs < nowMs ? alert.endsMs : null, alert.silencedBy.length > 0);
}
