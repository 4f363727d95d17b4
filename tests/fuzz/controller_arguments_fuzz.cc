// Arguments of somebody's controller, one a line; the first line is the value of a variable.

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "port-service/domain/controller_arguments.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
  berth::port::Container container;
  std::string line;
  if (std::getline(lines, line)) container.environment["POD_NAMESPACE"] = line;
  while (std::getline(lines, line)) container.arguments.push_back(line);
  const berth::port::ControllerArguments found = berth::port::ReadControllerArguments(container);
  for (const auto& name : {found.tcp_services, found.udp_services}) {
    if (!name.has_value()) continue;
    berth::fuzz::Require(!name->ns.empty() && !name->name.empty(),
                         "both parts of a name are there");
    berth::fuzz::Require((name->ns + name->name).find('/') == std::string::npos,
                         "no part of a name is a path");
  }
  return 0;
}
