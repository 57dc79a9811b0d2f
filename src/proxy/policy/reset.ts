import type { Commands } from '../../base/command.ts';
import { ifInstalled } from '../../base/command.ts';
import { policyTable } from './policy-text.ts';

/** An nft script that removes the table, whether it is there or not. */
export function removeTableText(instance: string): string {
  const table = policyTable(instance);
  return `add table inet ${table}\ndelete table inet ${table}\n`;
}

/** Removes the network policies' rules of an instance that does not run any more, or shall enforce none; fine when there are none. */
export async function resetNetworkPolicies(options: { readonly instance: string; readonly commands: Commands }): Promise<void> {
  await ifInstalled(options.commands.run('nft', ['-f', '-'], removeTableText(options.instance)));
}
