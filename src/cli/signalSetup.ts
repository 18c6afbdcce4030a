/** Imported first by `main.ts`, so that signals and closed pipes are handled before anything else is loaded. */
import { ignoreStraySignals } from '../util/signals';

ignoreStraySignals();
