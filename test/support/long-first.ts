import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They take half a minute although they are short, and the last one of a run would have a worker to itself. */
const long = /\/test\/backup\/(zoo|schema-dump-zoo|objects-many)\.test\.ts$/;

/** The order of the files: longest first, as earlier runs tell, or their sizes where there was none. */
export default class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const [first, others] = [true, false].map((is) =>
      sorted.filter(({ moduleId }) => long.test(moduleId) === is),
    );
    return [...(first ?? []), ...(others ?? [])];
  }
}
