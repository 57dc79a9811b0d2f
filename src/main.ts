import { main } from './cmd/cli.ts';

process.exitCode = await main(process.argv.slice(2));
