import { plural } from '../shared/format';
import { useOpenConflicts } from '../shared/open-conflicts';

const SHOWN_MAX = 99;

/** How many conflicts wait for a person, beside the name of their page. */
export function OpenConflictsBadge() {
  const open = useOpenConflicts();
  if (open === undefined || open === 0) return null;
  return (
    <span className="nav-badge" data-testid="open-conflicts">
      <span aria-hidden="true">{open > SHOWN_MAX ? `${SHOWN_MAX}+` : open}</span>
      <span className="visually-hidden">{plural(open, 'open conflict')}</span>
    </span>
  );
}
