/** The values of `distribution:`, in the documented order. */
export const DISTRIBUTION_NAMES = ['ketama', 'modula', 'random'] as const;

export type DistributionName = (typeof DISTRIBUTION_NAMES)[number];

/** What a pool's ring can be: one of these, or the slots of a Redis Cluster. */
export type RingDistribution = DistributionName | 'slots';
