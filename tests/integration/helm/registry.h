#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "tests/integration/harness/child.h"

namespace berth::helm {

/// The distribution's own registry on a free port of 127.0.0.1, without TLS, with its data in a
/// folder of the test's.
class Registry {
 public:
  static absl::StatusOr<std::unique_ptr<Registry>> Start(const std::string& folder);

  /// "127.0.0.1:PORT".
  const std::string& address() const { return address_; }

  /// Pushes a packaged chart by `helm`, a path, to "charts/". Returns the manifest's digest,
  /// "sha256:…".
  absl::StatusOr<std::string> Push(const std::string& helm, const std::string& archive) const;

 private:
  Registry(harness::Child child, std::string folder, std::string address)
      : child_(std::move(child)), folder_(std::move(folder)), address_(std::move(address)) {}

  harness::Child child_;
  const std::string folder_;
  const std::string address_;
};

}  // namespace berth::helm
