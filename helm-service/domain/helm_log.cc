#include "helm-service/domain/helm_log.h"

#include <array>
#include <cstddef>
#include <utility>

namespace berth::helm {
namespace {

// Helm 3: `client.go:142: 2026-01-02 03:04:05.6 +0000 UTC m=+0.29 [debug] creating 3 resource(s)`.
std::optional<std::string_view> Helm3Step(std::string_view line) {
  constexpr std::string_view kMark = " [debug] ";
  const std::size_t mark = line.find(kMark);
  const std::size_t source = line.find(".go:");
  if (mark == std::string_view::npos || source == std::string_view::npos || source > mark) {
    return std::nullopt;
  }
  return line.substr(mark + kMark.size());
}

// Helm 4: `level=DEBUG msg="creating resource(s)" resources=3`, whose message may be without
// quotes. Gives "creating resource(s) resources=3".
std::optional<std::string> Helm4Event(std::string_view line, std::string_view level) {
  constexpr std::string_view kLevel = "level=";
  constexpr std::string_view kMessage = " msg=";
  if (!line.starts_with(kLevel) || !line.substr(kLevel.size()).starts_with(level)) {
    return std::nullopt;
  }
  line.remove_prefix(kLevel.size() + level.size());
  if (!line.starts_with(kMessage)) return std::nullopt;
  line.remove_prefix(kMessage.size());
  if (!line.starts_with('"')) return std::string(line);
  std::string text;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '"') return text + std::string(line.substr(i + 1));
    if (line[i] == '\\' && i + 1 < line.size()) ++i;
    text += line[i];
  }
  return text;
}

bool BeginsToWait(std::string_view text) {
  return text.starts_with("beginning wait for ") || text.starts_with("waiting for resources ");
}

HelmLog::Entry Step(std::string text) {
  const HelmLog::Kind kind = BeginsToWait(text) ? HelmLog::Kind::kWaiting : HelmLog::Kind::kStep;
  return {kind, std::move(text)};
}

}  // namespace

std::optional<HelmLog::Entry> HelmLog::Read(HelmStream stream, std::string_view line) {
  if (stream == HelmStream::kStdout && shows_values_) return std::nullopt;
  if (in_stack_trace_ || line.empty()) return std::nullopt;
  // Helm 3 ends with its error once more, and from where in its code.
  if (line.starts_with("helm.go:")) {
    in_stack_trace_ = true;
    return std::nullopt;
  }
  if (const auto step = Helm3Step(line)) return Step(std::string(*step));
  for (const std::string_view level : {"DEBUG", "INFO"}) {
    if (std::optional<std::string> step = Helm4Event(line, level)) return Step(*std::move(step));
  }
  for (const auto& [level, word] : std::array<std::pair<std::string_view, std::string_view>, 2>{
           {{"WARN", "warning: "}, {"ERROR", "error: "}}}) {
    if (const std::optional<std::string> message = Helm4Event(line, level)) {
      return Entry{Kind::kMessage, std::string(word) + *message};
    }
  }
  return Entry{Kind::kMessage, std::string(line)};
}

}  // namespace berth::helm
