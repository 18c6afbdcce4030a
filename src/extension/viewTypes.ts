/** View types of the panels, as in the activation events of the manifest and in VS Code's state of restored panels. */
export const DASHBOARD_VIEW = 'nlvr.dashboard';
export const FAILURES_VIEW = 'nlvr.failures';
export const ANALYSIS_VIEW = 'nlvr.analysis';
export const RUNS_VIEW = 'nlvr.runsTable';
export const COMPARISON_VIEW = 'nlvr.comparison';
