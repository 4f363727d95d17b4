#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/kube/json.h"

namespace berth::pool {

/// The exposure that a claim or rule was made for, in the exposure's own namespace.
struct ExposureRef {
  std::string ns;
  std::string name;
  std::string uid;
  /// Of the exposure's spec that was asked for; from 1.
  std::int64_t generation = 0;

  friend bool operator==(const ExposureRef&, const ExposureRef&) = default;
};

/// `spec.exposureRef` of a PortClaim or PortRule.
std::optional<ExposureRef> ParseExposureRef(const kube::Json& object);
kube::Json ToJson(const ExposureRef& exposure);

}  // namespace berth::pool
