"""Virtual environments of scripts."""


class VenvFinder:
    """In the main interpreter: finds modules in the virtual environment of the running script."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if path is not None or name in getattr(sys, "stdlib_module_names", ()):
            return None
        scope = current_scope()
        if scope is None or not scope.site_packages:
            return None
        # Always loaded: an import here would come back to this finder.
        finder = sys.modules["_frozen_importlib_external"].PathFinder
        return finder.find_spec(name, scope.site_packages, target)


class Environment(Part):
    def use_venv(self, folder):
        """Adds the packages of a virtual environment for this script only.

        Returns None, or what is wrong with it.
        """
        import os
        import site

        version = "{}.{}".format(*sys.version_info)
        try:
            with open(os.path.join(folder, "pyvenv.cfg"), encoding="utf-8") as file:
                pairs = (line.partition("=") for line in file)
                settings = {key.strip().lower(): value.strip() for key, _, value in pairs}
        except OSError as error:
            return f"{folder} is no virtual environment: {error}"
        found = settings.get("version") or settings.get("version_info") or "unknown"
        if found.split(".")[:2] != version.split("."):
            return (
                f"the virtual environment {folder} is for Python {found}, "
                f"but scripts run with Python {version}: make it again with that version"
            )
        packages = os.path.join(folder, "lib", f"python{version}", "site-packages")
        if not os.path.isdir(packages):
            return f"the virtual environment {folder} has no folder {packages}"
        before = list(sys.path)
        site.addsitedir(packages)
        self.site_packages = [path for path in sys.path if path not in before]
        sys.path[:] = before
        LIBRARY_PATHS.extend(path for path in self.site_packages if path not in LIBRARY_PATHS)
        if self.shared:
            if VenvFinder not in sys.meta_path:
                sys.meta_path.insert(0, VenvFinder)
            return None
        # After the standard library, before the packages of the Python itself.
        others = [path.endswith(("site-packages", "dist-packages")) for path in before]
        place = others.index(True) if True in others else len(before)
        sys.path[place:place] = self.site_packages
        return None
