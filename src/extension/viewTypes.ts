/** The kinds of panels, as the manifest's activation events and VS Code's memory of open panels know them. */
export const DASHBOARD_VIEW = 'nlvr.dashboard';
export const FAILURES_VIEW = 'nlvr.failures';
export const ANALYSIS_VIEW = 'nlvr.analysis';
export const RUNS_VIEW = 'nlvr.runsTable';
export const COMPARISON_VIEW = 'nlvr.comparison';
