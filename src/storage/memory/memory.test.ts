import { testStorage } from '../contract.ts';
import { openMemory } from './memory.ts';

testStorage('memory', {
  persists: false,
  fixture: (clock) => ({ open: async () => openMemory({ clock }), [Symbol.asyncDispose]: async () => undefined }),
});
