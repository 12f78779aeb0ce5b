/** The values of `distribution:`, in the documented order. */
export const DISTRIBUTION_NAMES = ['ketama', 'modula', 'random'] as const;

export type DistributionName = (typeof DISTRIBUTION_NAMES)[number];
