import type { Hook } from '@oclif/core';
import { reportUnknown, unknownCommand } from './unknown-command.ts';

/**
 * Says which command was probably meant, and never runs it: a guess at 3 a.m. is how mail gets lost. Set as
 * oclif's `command_not_found` hook; it must not throw, because oclif would print that in its own way.
 */
const commandNotFound: Hook.CommandNotFound = async function hook({ id, argv, config }) {
  reportUnknown(unknownCommand(id.split(':'), config), [id, ...(argv ?? [])]);
};

export default commandNotFound;
