import './operating.css';
import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import type { ComponentPropsWithoutRef, ReactElement } from 'react';
import type { Role } from '../generated/Role';
import { useActiveProfile } from './use-profiles';
import { useRpcQuery } from './use-rpc';

/** Each role includes those before it. */
const ROLES: readonly Role[] = ['viewer', 'editor', 'operator', 'admin'];

/** Why nothing may be operated from here; `undefined` if it may. The server decides anyway. */
export function useOperateBar(): string | undefined {
  return useBar('operator');
}

/** Why nothing may be changed that takes the role; `undefined` if it may. */
export function useBar(least: Role): string | undefined {
  const profile = useActiveProfile();
  const { data } = useRpcQuery('system.info', {}, { staleTime: 60_000 });
  if (profile?.readOnly) return 'This profile is read-only: see Settings → Deployments.';
  if (data?.readOnly) {
    return 'The server is in read-only mode: nothing can be changed through it.';
  }
  const role = data?.role;
  if (role !== undefined && ROLES.indexOf(role) < ROLES.indexOf(least)) {
    return `Your token has the role ${role}; this takes the role ${least}.`;
  }
  return undefined;
}

/** Says why the button inside cannot be pressed. A disabled button itself hears no pointer. */
export function WithReason(props: { reason: string | undefined; children: ReactElement }) {
  if (props.reason === undefined) return props.children;
  return (
    <Tooltip label={props.reason}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the reason must be reachable by keyboard */}
      <span className="with-reason" role="note" aria-label={props.reason} tabIndex={0}>
        {props.children}
      </span>
    </Tooltip>
  );
}

type PlainButtonProps = ButtonProps & Omit<ComponentPropsWithoutRef<'button'>, keyof ButtonProps>;

interface BarredButtonProps extends PlainButtonProps {
  /** Why it cannot be pressed; `undefined` if it can. */
  bar: string | undefined;
  /** Whether it leads to the loss of something. */
  danger?: boolean;
}

/** A button that says why it cannot be pressed. */
export function BarredButton({ bar, danger, disabled, ...button }: BarredButtonProps) {
  return (
    <WithReason reason={bar}>
      <Button
        variant="default"
        {...(danger ? { className: 'danger-button' } : {})}
        {...button}
        disabled={bar !== undefined || disabled === true}
      />
    </WithReason>
  );
}
