import { modals } from '@mantine/modals';
import type { AlertRule } from '../../generated/AlertRule';
import type { AlertStatus } from '../../generated/AlertStatus';
import { NEW_RULE } from './rule-draft';
import { RuleForm } from './rule-form';

const MODAL = 'alert-rule';

/** Opens the form of a rule; without one, or with one that has no name yet, of a new one. */
export function openRuleForm(rule: AlertRule | undefined, rules: readonly AlertStatus[]): void {
  const isNew = rule === undefined || rule.ruleId === '';
  modals.open({
    modalId: MODAL,
    title: isNew ? 'New rule' : `Rule “${rule.title}”`,
    size: 560,
    children: (
      <RuleForm
        first={rule ?? NEW_RULE}
        taken={new Set(rules.map((status) => status.rule.ruleId))}
        onDone={() => modals.close(MODAL)}
      />
    ),
  });
}
