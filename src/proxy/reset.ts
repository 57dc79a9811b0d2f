import type { Commands } from '../base/command.ts';
import { ifInstalled } from '../base/command.ts';
import { tableName } from './nftables/table-text.ts';

/** Removes the service rules of an instance that does not run any more; fine when there are none. */
export async function resetProxy(options: { readonly instance: string; readonly commands: Commands }): Promise<void> {
  const table = tableName(options.instance);
  const script = ['ip', 'ip6'].map((family) => `add table ${family} ${table}\ndelete table ${family} ${table}\n`).join('');
  await ifInstalled(options.commands.run('nft', ['-f', '-'], script));
}
