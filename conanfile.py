# Conan 2 recipe: headers only, so one package serves every setting.
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load
from conan.tools.layout import basic_layout

required_conan_version = ">=2.0"


class FewbitsConan(ConanFile):
    name = "fewbits"
    description = "Low-precision number formats, quantization and matrix products in a header-only C++20 library"
    license = "Apache-2.0"
    topics = ("quantization", "fp8", "fp4", "int4", "gemm", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    exports_sources = "include/*", "LICENSE"
    no_copy_source = True

    def set_version(self):
        config = load(self, os.path.join(self.recipe_folder, "include", "fewbits", "config.hpp"))
        number = int(re.search(r"FEWBITS_VERSION\s+(\d+)", config).group(1))
        self.version = f"{number // 10000}.{number // 100 % 100}.{number % 100}"

    def layout(self):
        basic_layout(self)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.clear()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "*", os.path.join(self.source_folder, "include"), os.path.join(self.package_folder, "include"))

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["pthread"]
        self.cpp_info.set_property("cmake_file_name", "fewbits")
        self.cpp_info.set_property("cmake_target_name", "fewbits::fewbits")
        self.cpp_info.set_property("pkg_config_name", "fewbits")
