#include "tests/integration/helm/registry.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "tests/integration/harness/eventually.h"

namespace berth::helm {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Found(const std::string& text, const std::string& pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Registry>> Registry::Start(const std::string& folder) {
  std::filesystem::create_directories(folder + "/data");
  const std::string config = folder + "/registry.yaml";
  std::ofstream(config) << fmt::format(
      "version: 0.1\n"
      "storage: {{filesystem: {{rootdirectory: {}/data}}}}\n"
      "http: {{addr: '127.0.0.1:0'}}\n",
      folder);
  const std::string log = folder + "/registry.log";
  absl::StatusOr<harness::Child> child =
      harness::Child::Start({"/usr/bin/docker-registry", "serve", config}, log);
  if (!child.ok()) return child.status();
  std::string address;
  harness::Eventually([&] {
    address = Found(ReadFile(log), R"(listening on (127\.0\.0\.1:[0-9]+))");
    return !address.empty() || !child->IsRunning();
  });
  if (address.empty()) return absl::InternalError(ReadFile(log));
  return std::unique_ptr<Registry>(new Registry(*std::move(child), folder, std::move(address)));
}

absl::StatusOr<std::string> Registry::Push(const std::string& helm,
                                           const std::string& archive) const {
  const std::string file = folder_ + "/push.tgz";
  std::ofstream(file) << archive;
  const std::string output = folder_ + "/push.log";
  const std::string command = fmt::format(
      "HOME={0} HELM_CACHE_HOME={0} HELM_CONFIG_HOME={0} HELM_DATA_HOME={0} "
      "{1} push --plain-http {2} oci://{3}/charts >{4} 2>&1",
      folder_, helm, file, address_, output);
  if (std::system(command.c_str()) != 0) return absl::InternalError(ReadFile(output));
  return Found(ReadFile(output), "Digest: (sha256:[0-9a-f]+)");
}

}  // namespace berth::helm
