/** Imported first by the program, so that its policy for signals and pipes holds before anything else is loaded. */
import { ignoreStraySignals } from '../util/signals';

ignoreStraySignals();
