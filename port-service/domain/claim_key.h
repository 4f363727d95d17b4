#pragma once

#include <cstdint>
#include <string>

#include "common/pool/claim_name.h"
#include "port-service/domain/claim.h"
#include "port-service/domain/names.h"

namespace berth::port {

/// Label that every claim carries: what it was asked for with, hashed. Two claims of one protocol
/// with the same value are duplicates of one request's entry.
inline constexpr char kClaimKeyLabel[] = "berth.dev/claim-key";

/// Value of kClaimKeyLabel: 40 hexadecimal digits from pool, owner, request id and entry.
std::string ClaimKey(const pool::PoolName& pool, const Owner& owner, const RequestId& request_id,
                     const EntryName& entry);
std::string ClaimKey(const Claim& claim);

/// Where the walk over a pool's ports begins for a request: the same on every replica.
std::uint64_t WalkSeed(const pool::PoolName& pool, const Owner& owner, const RequestId& request_id);

}  // namespace berth::port
