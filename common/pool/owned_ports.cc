#include "common/pool/owned_ports.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "common/kube/object.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::pool {
namespace {

absl::Status Malformed(std::string_view text) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD,
               fmt::format("annotation {} is not a list of ports such as "
                           "'tcp=20000-20003,20007;udp=20001': '{}'",
                           kOwnedAnnotation, text.substr(0, 200)));
}

/// The text before `separator`, taken off the front of `rest` together with it; all without one.
std::string_view NextPart(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

std::string FormatRanges(const std::vector<Port>& ports) {
  std::string text;
  for (std::size_t i = 0; i < ports.size();) {
    std::size_t last = i;
    while (last + 1 < ports.size() && ports[last + 1].number() == ports[last].number() + 1) {
      ++last;
    }
    text += fmt::format("{}{}", text.empty() ? "" : ",", ports[i].number());
    if (last > i) {
      text += fmt::format("-{}", ports[last].number());
    }
    i = last + 1;
  }
  return text;
}

absl::Status AddRange(std::string_view range, PortSet& ports) {
  const std::size_t dash = range.find('-');
  ASSIGN_OR_RETURN(const Port first, Port::Parse(range.substr(0, dash)));
  if (dash == std::string_view::npos) {
    ports.Insert(first);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Port last, Port::Parse(range.substr(dash + 1)));
  if (last < first) {
    return Malformed(range);
  }
  for (int number = first.number(); number <= last.number(); ++number) {
    ports.Insert(*Port::Parse(number));
  }
  return absl::OkStatus();
}

}  // namespace

std::string FormatOwnedPorts(const PortsByProtocol& ports) {
  std::string text;
  for (const Protocol protocol : kProtocols) {
    if (!ports.Of(protocol).empty()) {
      text += fmt::format("{}{}={}", text.empty() ? "" : ";", ToLowerString(protocol),
                          FormatRanges(ports.Of(protocol).Ports()));
    }
  }
  return text;
}

absl::StatusOr<PortsByProtocol> ParseOwnedPorts(std::string_view text) {
  PortsByProtocol ports;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view ranges = NextPart(rest, ';');
    const std::optional<Protocol> protocol = ParseProtocol(NextPart(ranges, '='));
    if (!protocol.has_value() || ranges.empty()) {
      return Malformed(text);
    }
    while (!ranges.empty()) {
      if (!AddRange(NextPart(ranges, ','), ports.Of(*protocol)).ok()) {
        return Malformed(text);
      }
    }
  }
  return ports;
}

absl::StatusOr<PortsByProtocol> OwnedPorts(const kube::Json& object) {
  return ParseOwnedPorts(kube::Annotation(object, kOwnedAnnotation).value_or(""));
}

}  // namespace berth::pool
