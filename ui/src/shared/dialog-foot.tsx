import './dialog.css';
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';

/**
 * The end of a dialog: the way out, and what it does. Where it is `grave`, as others feel it or it
 * cannot be taken back, the way out has the focus: a hasty Enter changes nothing.
 */
export function DialogFoot(props: {
  onCancel: () => void;
  cancel?: string;
  grave?: boolean;
  said?: ReactNode;
  children: ReactNode;
}) {
  const { onCancel, cancel = 'Cancel', grave = false, said, children } = props;
  return (
    <div className="dialog-foot">
      {said}
      <span className="push" />
      <Button variant="default" onClick={onCancel} {...(grave ? { 'data-autofocus': true } : {})}>
        {cancel}
      </Button>
      {children}
    </div>
  );
}
