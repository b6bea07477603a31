import { Button, Checkbox, Modal, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { TargetTest } from '../../../model/api.ts';
import { isDiscovered, type Target, type TargetInput } from '../../../model/target.ts';
import { segment, send } from '../../api/http.ts';
import { useSentence } from '../../parts/sentence.ts';
import { FormFoot, FormNote, ticked, typed, useFields, useProblem } from '../../parts/form.tsx';
import { useNames } from '../../parts/names.ts';
import { inputOf, labelLines, parseLabels } from './input.ts';
import { Tested } from './Tested.tsx';

interface Props {
  readonly target: Target | null;
  readonly onClose: () => void;
  readonly onSaved: (name: string) => void;
}

const known = ['name', 'profile', 'address', 'scheme', 'metricsPath', 'labels'] as const;

/** A new target, or changes to one; "test now" asks it before anything is saved. */
export function TargetForm({ target, onClose, onSaved }: Props) {
  const { t } = useTranslation();
  const sentence = useSentence();
  const { profiles, language } = useNames();
  const start: TargetInput = target
    ? inputOf(target)
    : {
        name: '',
        profile: 'linux-host',
        address: '',
        scheme: 'http',
        metricsPath: '/metrics',
        labels: {},
        enabled: true,
      };
  // Where Vigía's own exporter is, is Vigía's affair; its name, labels and switch are a person's.
  const own = target?.managedBy === 'vigia';
  // What a source of the configuration says is changed there.
  const named = target !== null && isDiscovered(target);
  const fixed = own || named;
  const { fields, set } = useFields({ ...start, labels: labelLines(start.labels) });
  // A web address is asked for its front page, an exporter for its metrics; a path that somebody typed stays.
  const choose = (slug: string) => {
    const [from, to] = asksUrl(slug) ? ['/metrics', '/'] : ['/', '/metrics'];
    if (fields.metricsPath === from) set('metricsPath')(to);
    set('profile')(slug);
  };
  const asksUrl = (slug: string) => profiles.find((one) => one.slug === slug)?.through?.asks === 'url';
  const { labels, badLine } = parseLabels(fields.labels);
  const input: TargetInput = { ...fields, labels };
  const save = useMutation({
    mutationFn: () => (target ? send('PUT', `targets/${segment(target.id)}`, input) : send('POST', 'targets', input)),
    onSuccess: () => onSaved(fields.name),
  });
  const test = useMutation({ mutationFn: () => send<TargetTest>('POST', 'targets/test', { ...input, name: input.name || 'test' }) });
  const problem = useProblem(save.error);
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={target ? t('targets.editTitle', { name: target.name }) : t('targets.add')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (badLine === null) save.mutate();
        }}
      >
        <TextInput
          label={t('common.name')}
          name="name"
          required
          maxLength={64}
          data-autofocus
          disabled={named}
          value={fields.name}
          onChange={typed(set('name'))}
          error={problem.at('name')}
        />
        {own && <span className="soft small">{t('targets.ownHint')}</span>}
        {named && <span className="soft small">{t('targets.discoveredHint', { source: target.source ?? '' })}</span>}
        <TextInput
          label={t('targets.address')}
          description={t('targets.addressHint')}
          name="address"
          required
          disabled={fixed}
          value={fields.address}
          onChange={typed(set('address'))}
          error={problem.at('address')}
        />
        <div className="form-columns">
          <NativeSelect
            label={t('targets.profile')}
            disabled={fixed}
            value={fields.profile}
            onChange={typed(choose)}
            error={problem.at('profile')}
            data={profiles.map(({ slug, title }) => ({ value: slug, label: title[language] }))}
          />
          <NativeSelect
            label={t('targets.scheme')}
            disabled={fixed}
            value={fields.scheme}
            onChange={typed((value) => set('scheme')(value === 'https' ? 'https' : 'http'))}
            error={problem.at('scheme')}
            data={['http', 'https']}
          />
          <TextInput
            label={t(asksUrl(fields.profile) ? 'targets.urlPath' : 'targets.path')}
            name="metricsPath"
            disabled={fixed}
            value={fields.metricsPath}
            onChange={typed(set('metricsPath'))}
            error={problem.at('metricsPath')}
          />
        </div>
        <Textarea
          label={t('targets.labels')}
          description={t('targets.labelsHint')}
          name="labels"
          autosize
          minRows={2}
          disabled={named}
          value={fields.labels}
          onChange={typed(set('labels'))}
          error={badLine === null ? problem.at('labels') : t('targets.badLabel', { line: badLine })}
        />
        <Checkbox label={t('targets.enabled')} checked={fields.enabled} onChange={ticked(set('enabled'))} />
        <FormNote text={problem.rest(known)} />
        <div role="status">
          {test.data && <Tested result={test.data} />}
          <FormNote text={test.error ? sentence(test.error) : undefined} />
        </div>
        <FormFoot busy={save.isPending} onClose={onClose}>
          <Button variant="default" loading={test.isPending} disabled={fields.address === ''} onClick={() => test.mutate()}>
            {t('targets.test')}
          </Button>
        </FormFoot>
      </form>
    </Modal>
  );
}
