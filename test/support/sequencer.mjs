import Sequencer from '@jest/test-sequencer';

/** Files that mostly wait, or take longest: begun last, they would leave the other worker without work. */
const FIRST = /process-|patch-(truth|model|instances)|database-lost/;

/** jest's order, which is by duration only where jest has seen the files before, except for those. */
export default class extends Sequencer {
  sort(tests) {
    const isFirst = ({ path }) => Number(FIRST.test(path));
    return super.sort(tests).sort((one, other) => isFirst(other) - isFirst(one));
  }
}
