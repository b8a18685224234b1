import { BlockList, isIP } from 'node:net';

/**
 * Addresses that are the machine's own surroundings and never a target: link-local ones, where clouds keep metadata and credentials (EC2 169.254.169.254, ECS 169.254.170.2), and
 * those services' unique local addresses (EC2 fd00:ec2::254, EKS fd00:ec2::23). Private networks are not among them.
 */
export const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');
LINK_LOCAL.addSubnet('fd00:ec2::', 32, 'ipv6');

/** True for the host of a URL that is such an address itself; what a name stands for is seen when it is connected to. */
export const isLinkLocal = (hostname: string): boolean => {
  const address = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  return family !== 0 && LINK_LOCAL.check(address, family === 6 ? 'ipv6' : 'ipv4');
};

/** What to do about it, for the end of a message. */
export const LINK_LOCAL_ADVICE = 'clouds keep metadata and credentials there; set allowLinkLocal if that is meant';
