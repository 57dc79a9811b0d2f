import type { SelfSubjectReview } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { rfc3339 } from '../../../base/clock.ts';
import { fromFacts } from '../../shared/facts.ts';
import { answered, asker } from '../../shared/reviews.ts';

/** What `kubectl auth whoami` asks. */
export function selfsubjectreviews({ clock }: ResourceDeps): ResourceDefinition {
  return define<SelfSubjectReview>({
    ...fromFacts('authentication.k8s.io', 'v1', 'selfsubjectreviews'),
    strategy: {},
    columns: [],
    virtual: (_review, context) => {
      const { user: username, ...rest } = asker(context);
      const metadata = { creationTimestamp: rfc3339(clock.now()) };
      return Promise.resolve(answered({ metadata }, { userInfo: { username, ...rest } }));
    },
  });
}
