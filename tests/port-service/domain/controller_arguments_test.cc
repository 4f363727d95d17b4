#include "port-service/domain/controller_arguments.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace berth::port {
namespace {

std::string Read(std::vector<std::string> arguments) {
  const ControllerArguments found = ReadControllerArguments(
      {.arguments = std::move(arguments), .environment = {{"POD_NAMESPACE", "ingress-nginx"}}});
  const auto text = [](const auto& name) { return name.has_value() ? name->ToString() : "none"; };
  return text(found.tcp_services) + " " + text(found.udp_services);
}

TEST(ControllerArgumentsTest, ReadsTheArgumentsOfTheControllersChart) {
  EXPECT_EQ(Read({"/nginx-ingress-controller",
                  "--publish-service=$(POD_NAMESPACE)/ingress-nginx-controller",
                  "--tcp-services-configmap=$(POD_NAMESPACE)/ingress-nginx-tcp",
                  "--udp-services-configmap=$(POD_NAMESPACE)/ingress-nginx-udp"}),
            "ingress-nginx/ingress-nginx-tcp ingress-nginx/ingress-nginx-udp");
}

TEST(ControllerArgumentsTest, ReadsAValueThatIsAnArgumentOfItsOwn) {
  EXPECT_EQ(Read({"--tcp-services-configmap", "web/tcp", "--udp-services-configmap", "web/udp"}),
            "web/tcp web/udp");
  EXPECT_EQ(Read({"--tcp-services-configmap"}), "none none");
}

TEST(ControllerArgumentsTest, TakesTheLastOfARepeatedFlag) {
  EXPECT_EQ(Read({"--tcp-services-configmap=a/b", "--tcp-services-configmap=c/d"}), "c/d none");
}

TEST(ControllerArgumentsTest, ReplacesReferencesAsTheKubeletDoes) {
  EXPECT_EQ(Read({"--tcp-services-configmap=$(MISSING)/tcp"}), "$(MISSING)/tcp none");
  EXPECT_EQ(Read({"--tcp-services-configmap=$$(POD_NAMESPACE)/tcp"}), "$(POD_NAMESPACE)/tcp none");
  EXPECT_EQ(Read({"--tcp-services-configmap=a$/b$("}), "a$/b$( none");
}

TEST(ControllerArgumentsTest, TakesWhatNamesNoConfigMapForMissing) {
  for (const char* value : {"", "tcp", "/tcp", "web/", "a/b/c"}) {
    EXPECT_EQ(Read({std::string("--tcp-services-configmap=") + value}), "none none") << value;
  }
  EXPECT_EQ(Read({"--tcp-services-configmaps=a/b", "tcp-services-configmap=a/b"}), "none none");
}

}  // namespace
}  // namespace berth::port
