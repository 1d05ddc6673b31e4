const SHOWN_MAX = 99;

/** How many conflicts wait for a person. The link that it stands in says the number in words. */
export function OpenConflictsBadge({ open }: { open: number }) {
  return (
    <span className="nav-badge" aria-hidden="true" data-testid="open-conflicts">
      {open > SHOWN_MAX ? `${SHOWN_MAX}+` : open}
    </span>
  );
}
