#include "helm-service/domain/helm_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/status/status.h"
#include "helm-service/domain/overloaded.h"

namespace berth::helm {
namespace {

// Collects flags first and positional arguments behind "--".
class Arguments {
 public:
  explicit Arguments(std::string command) : flags_{std::move(command)} {}

  void Flag(std::string_view name, std::string_view value) {
    flags_.push_back(fmt::format("--{}={}", name, value));
  }
  void Switch(std::string_view name) { flags_.push_back(fmt::format("--{}", name)); }
  void Positional(std::string value) { positionals_.push_back(std::move(value)); }

  std::vector<std::string> Take() && {
    flags_.emplace_back("--");
    for (std::string& positional : positionals_) flags_.push_back(std::move(positional));
    return std::move(flags_);
  }

 private:
  std::vector<std::string> flags_;
  std::vector<std::string> positionals_;
};

}  // namespace

absl::StatusOr<HelmVersion> HelmVersion::Parse(std::string_view text) {
  HelmVersion version;
  std::string_view rest = text;
  if (rest.starts_with('v')) rest.remove_prefix(1);
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), *part);
    if (error != std::errc()) {
      return absl::InvalidArgumentError(
          fmt::format("'{}' is not a version of Helm", text.substr(0, 100)));
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (!rest.starts_with('.')) break;
    rest.remove_prefix(1);
  }
  return version;
}

std::string HelmVersion::ToString() const { return fmt::format("{}.{}.{}", major, minor, patch); }

absl::Status CheckSupported(const HelmVersion& version) {
  constexpr HelmVersion kOldest{3, 14, 0};
  constexpr int kNewestMajor = 4;
  if (version >= kOldest && version.major <= kNewestMajor) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "Helm {} is not supported: use Helm 3 from {} on, or Helm 4", version.ToString(), "3.14"));
}

std::vector<std::string> HelmArguments(const Action& action, const HelmVersion& version,
                                       std::chrono::seconds timeout,
                                       const std::string& archive_path) {
  constexpr std::string_view kCommands[] = {"install", "upgrade", "rollback", "uninstall"};
  Arguments arguments{std::string(kCommands[action.what.index()])};
  arguments.Flag("namespace", action.release.ns.value());
  arguments.Flag("timeout", fmt::format("{}s", std::max<std::int64_t>(timeout.count(), 1)));
  // What Helm does is only told in its debug output.
  arguments.Switch("debug");
  // Helm 4 takes a strategy and reads a bare --wait as the same one.
  if (action.wait && version.major >= 4) arguments.Flag("wait", "watcher");
  if (action.wait && version.major < 4) arguments.Switch("wait");
  if (ReadsChart(action)) arguments.Flag("values", "-");
  arguments.Positional(action.release.name.value());
  std::visit(Overloaded{
                 [&](const Install& install) {
                   if (install.create_namespace) arguments.Switch("create-namespace");
                   arguments.Positional(archive_path);
                 },
                 [&](const Upgrade& upgrade) {
                   // Without it Helm keeps the old values when the new ones are empty.
                   arguments.Switch("reset-values");
                   if (upgrade.install) arguments.Switch("install");
                   if (upgrade.create_namespace) arguments.Switch("create-namespace");
                   arguments.Positional(archive_path);
                 },
                 [&](const Rollback& rollback) {
                   arguments.Positional(std::to_string(rollback.revision));
                 },
                 [&](const Uninstall&) {},
             },
             action.what);
  return std::move(arguments).Take();
}

}  // namespace berth::helm
