/** Every case, most used kinds first. */
import type { Case } from '../case.ts';
import { applyCases } from './apply.ts';
import { changeRuleCases } from './change-rules.ts';
import { contentCases } from './content.ts';
import { edgeCases } from './edges.ts';
import { fieldOwnerCases } from './field-owners.ts';
import { kindCases } from './kinds.ts';
import { mutationCases } from './mutations.ts';
import { podRuleCases } from './pod-rules.ts';
import { protocolCases } from './protocol.ts';
import { readCases } from './reads.ts';
import { wrongCases } from './wrong.ts';
import { ruleCases } from './rules.ts';
import { statusRuleCases } from './status-rules.ts';
import { updateCases } from './updates.ts';

export function allCases(): readonly Case[] {
  return [
    ...kindCases(),
    ...mutationCases(),
    ...wrongCases(),
    ...podRuleCases,
    ...ruleCases,
    ...statusRuleCases,
    ...changeRuleCases,
    ...updateCases(),
    ...fieldOwnerCases(),
    ...applyCases(),
    ...protocolCases(),
    ...contentCases(),
    ...readCases(),
    ...edgeCases(),
  ];
}
