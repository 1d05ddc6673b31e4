import './environment-badge.css';

/** Names an environment in the colour of its danger; production is the one that is filled. */
export function EnvironmentBadge(props: { environment: string; label?: string }) {
  return (
    <span className="environment-badge" data-environment={props.environment}>
      {props.label ?? props.environment}
    </span>
  );
}
