import { BlockList, isIP } from 'node:net';

/**
 * Addresses that are the machine's own surroundings and never a target: link-local ones, where clouds keep metadata and credentials (EC2 169.254.169.254, ECS 169.254.170.2), and
 * those services' unique local addresses (EC2 fd00:ec2::254, EKS fd00:ec2::23). On Lambda loopback, too: there Lambda itself listens, with the Runtime API that hands out
 * invocations, and extensions with secrets. Private networks are not among them.
 */
export const ownSurroundings = (isOnLambda: boolean): BlockList => {
  const list = new BlockList();
  list.addSubnet('169.254.0.0', 16, 'ipv4');
  list.addSubnet('fe80::', 10, 'ipv6');
  list.addSubnet('fd00:ec2::', 32, 'ipv6');
  if (!isOnLambda) return list;
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addAddress('::1', 'ipv6');
  return list;
};

/** {@link ownSurroundings} of where this runs. */
export const LINK_LOCAL = ownSurroundings(process.env.AWS_LAMBDA_RUNTIME_API !== undefined);

/** True for the host of a URL that is such an address itself; what a name stands for is seen when it is connected to. */
export const isLinkLocal = (hostname: string, list = LINK_LOCAL): boolean => {
  const address = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
};

/** What to do about it, for the end of a message. */
export const LINK_LOCAL_ADVICE = 'clouds keep metadata and credentials there; set allowLinkLocal if that is meant';
