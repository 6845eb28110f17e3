# The variables and search paths of an execution environment, and what can only take effect in a new process.

# frozen_string_literal: true

module LambentRuntime
  # From blank to a function's own.
  module Environment
    # Set in the environment of the process that a wrapper starts: its environment is the wrapper's work and is kept.
    WRAPPED = '_LAMBENT_WRAPPED'
    # Read by the interpreter or by the loader of libraries when a process starts, and never again.
    READ_AT_START = %w[RUBYOPT LD_PRELOAD MALLOC_ARENA_MAX].freeze
    SEARCHED_ALREADY = [*ENV['LD_LIBRARY_PATH'].to_s.split(':'), '/lib64', '/usr/lib64'].freeze

    module_function

    # Make these the process's only variables and set the search paths; returns the handler's name, which a wrapper may have changed.
    # Does not return when another process must go on instead: then this one becomes it.
    def adopt(variables, handler, channel, telemetry)
      if ENV.delete(WRAPPED)
        handler = ENV.fetch('_HANDLER', handler)
      else
        ENV.replace(variables)
        command = replacement
        become(command, channel, telemetry) if command
      end
      ENV.delete('LAMBENT_LAYERS_ROOT')
      task_root = ENV.fetch('LAMBDA_TASK_ROOT', '/var/task')
      Dir.chdir(task_root)
      search(task_root)
      handler
    end

    def search(task_root)
      wanted = [task_root, *ENV['RUBYLIB'].to_s.split(File::PATH_SEPARATOR).reject(&:empty?)]
      $LOAD_PATH.replace(wanted | $LOAD_PATH)
      return unless defined?(Gem)

      # The interpreter's own gems stay reachable: with GEM_PATH set, RubyGems would look nowhere else.
      Gem.use_paths(ENV['GEM_HOME'] || Gem.default_dir, [*ENV['GEM_PATH'].to_s.split(File::PATH_SEPARATOR), *Gem.default_path].uniq)
    end

    # The command that must replace this process, or nil.
    def replacement
      command = [RbConfig.ruby, File.join(__dir__, 'bootstrap.rb')]
      wrapper = ENV['AWS_LAMBDA_EXEC_WRAPPER'].to_s
      return [checked(wrapper), *command] unless wrapper.empty?

      READ_AT_START.any? { |name| ENV.key?(name) } || new_libraries? ? command : nil
    end

    # Whether libraries lie in a folder in which this process does not look.
    def new_libraries?
      folders = ENV['LD_LIBRARY_PATH'].to_s.split(':') - SEARCHED_ALREADY
      folders.any? { |folder| Dir.exist?(folder) && Dir.each_child(folder).any? { |name| name.include?('.so') } }
    end

    # A wrapper that cannot be run ends the process with a shell's status, as Lambda's own start script does.
    def checked(wrapper)
      refuse("#{wrapper}: does not exist", 127) unless File.file?(wrapper)
      refuse("#{wrapper}: is not an executable", 126) unless File.executable?(wrapper)
      wrapper
    end

    def become(command, channel, telemetry)
      Process.exec(ENV.to_h.merge(WRAPPED => '1'), [command[0], command[0]], *command[1..],
                   3 => channel.descriptor, 4 => telemetry, unsetenv_others: true)
    rescue SystemCallError => e
      refuse("#{command[0]}: #{e.message}", 126)
    end

    def refuse(message, status)
      $stdout.syswrite("#{message}\n")
      exit!(status)
    end
  end
end
