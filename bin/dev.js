#!/usr/bin/env node
// Runs the TypeScript sources without a build, for a quick look while working on a command.
import { execute } from '@oclif/core';

await execute({ development: true, dir: import.meta.url });
