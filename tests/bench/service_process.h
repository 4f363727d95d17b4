#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/integration/harness/child.h"

namespace berth::bench {

/// One replica of one of Berth's services, as its own process on a free port of 127.0.0.1.
class ServiceProcess {
 public:
  struct Options {
    std::string program;
    std::string kubeconfig;
    /// Berth's namespace.
    std::string ns;
    /// Where its log goes.
    std::string folder;
    std::vector<std::string> flags = {};
  };

  static absl::StatusOr<ServiceProcess> Start(const Options& options);

  /// "127.0.0.1:50052".
  const std::string& address() const { return address_; }
  /// Memory that no file backs, in MiB.
  double AnonymousMemory() const;

 private:
  ServiceProcess(harness::Child child, std::string address)
      : child_(std::move(child)), address_(std::move(address)) {}

  harness::Child child_;
  std::string address_;
};

}  // namespace berth::bench
