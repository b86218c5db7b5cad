const step = /\.(\*|[\p{L}_$][\p{L}\p{N}_$-]*)|\[(?:(\*)|(\d+)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\]/uy;

/**
 * Whether what a sample found at a path stands at a path of the map, or inside it. `*` stands for any key on either
 * side, and one element of an array for all. A path of the map that is written in another way covers everything: it
 * may mean what was found.
 */
export function isCoveredPath(mapped: string, found: string): boolean {
  const [wanted, actual] = [stepsOf(mapped), stepsOf(found)];
  if (wanted === undefined || actual === undefined) return true;
  return (
    wanted.length <= actual.length &&
    wanted.every((name, index) => name === '*' || actual[index] === '*' || name === actual[index])
  );
}

function stepsOf(path: string): readonly string[] | undefined {
  const steps: string[] = [];
  step.lastIndex = 1;
  while (step.lastIndex < path.length) {
    const match = step.exec(path);
    if (match === null) return undefined;
    const [, name, any, index, quoted, single] = match;
    steps.push(any !== undefined || index !== undefined ? '[*]' : (name ?? quoted ?? single ?? ''));
  }
  return steps;
}
