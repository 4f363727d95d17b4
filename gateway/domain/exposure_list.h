#pragma once

#include <string>
#include <vector>

#include "gateway/domain/exposure.h"

namespace berth::gateway {

/// All exposures as last heard of. Thread safe.
class ExposureList {
 public:
  virtual ~ExposureList() = default;

  /// By namespace and name; those of one namespace if `ns` is not empty.
  virtual std::vector<Exposure> Exposures(const std::string& ns) const = 0;
};

}  // namespace berth::gateway
