#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "helm-service/domain/helm_runner.h"

namespace berth::helm {

/// Reads what one Helm process, run with --debug, says about its work: removes the decoration that
/// differs between Helm 3 and Helm 4, and drops what nobody should see. Not thread safe.
class HelmLog {
 public:
  enum class Kind {
    /// A step that Helm takes.
    kStep,
    /// Helm begins to wait for objects.
    kWaiting,
    /// Anything else, such as a warning or the error that it ends with.
    kMessage,
  };

  struct Entry {
    Kind kind = Kind::kMessage;
    std::string text;
  };

  /// `shows_values`: whether this command's standard output repeats values, manifests and notes.
  explicit HelmLog(bool shows_values) : shows_values_(shows_values) {}

  /// Nothing for stack traces, empty lines, and an output that shows values.
  std::optional<Entry> Read(HelmStream stream, std::string_view line);

 private:
  const bool shows_values_;
  bool in_stack_trace_ = false;
};

}  // namespace berth::helm
