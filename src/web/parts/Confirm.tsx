import { Button, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { FormNote } from './form.tsx';
import { useSentence } from './sentence.ts';

interface Props {
  readonly opened: boolean;
  readonly title: string;
  readonly children: ReactNode;
  readonly confirm: string;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks before something is lost; the safe answer has the focus. */
export function Confirm({ opened, title, children, confirm, busy, error, onConfirm, onClose }: Props) {
  const { t } = useTranslation();
  const sentence = useSentence();
  return (
    <Modal opened={opened} onClose={onClose} title={title} centered closeButtonProps={{ 'aria-label': t('common.close') }}>
      <p className="soft" style={{ marginTop: 0 }}>
        {children}
      </p>
      <FormNote text={error ? sentence(error) : undefined} />
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={onClose} data-autofocus>
          {t('common.cancel')}
        </Button>
        <Button onClick={onConfirm} loading={busy}>
          {confirm}
        </Button>
      </div>
    </Modal>
  );
}
